// The smallest service that reads a body and answers, on Go's net/http.
package main

import (
	"io"
	"log"
	"net/http"
	"os"
)

func main() {
	http.HandleFunc("/", func(answer http.ResponseWriter, request *http.Request) {
		io.Copy(io.Discard, request.Body)
		answer.Write([]byte(`{"translation": "x"}`))
	})
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Args[1], nil))
}
