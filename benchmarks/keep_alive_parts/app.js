// The smallest service that reads a body and answers, on Node's own server.
require("http")
  .createServer((request, response) => {
    request.resume().on("end", () => {
      response.setHeader("Content-Length", 20);
      response.end('{"translation": "x"}');
    });
  })
  .listen(Number(process.argv[2]), "127.0.0.1");
