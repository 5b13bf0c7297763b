"""The gunicorn configuration: `gunicorn --config python:translator.server translator.wsgi:app`.

One process, because the model is shared by threads and a slot is one process to watch. Chosen from
the source of gunicorn 27.0 (workers/gthread.py); test_translator_server.py holds what matters.
"""

import logging.config
import math
import os
import resource
import sys

from translator.observe import logs
from translator.parts import StartError, make_parts
from translator.serving.patience import REQUEST_WITHIN
from translator.serving.worker import LAME_DUCK, DrainingWorker

try:
    # Made again by the worker; a mistake should be one sentence here, not a traceback there.
    _parts = make_parts()
except StartError as error:
    sys.exit(f"translator: {error}")

_settings = _parts.settings
# Not gunicorn's `logconfig_dict`: with it gunicorn makes up an access record for every request.
logging.config.dictConfig(logs.configuration(_settings.log_level, _parts.release.tag))
logging.captureWarnings(True)


def _connection_limit() -> int:
    """Connections this process has descriptors for: 4,096, or fewer under a lower hard limit.

    The soft limit is often 1,024. Running out of descriptors in accept(2) ends a gthread worker,
    so 256 are left for everything else.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    files = 4096 + 256 if hard == resource.RLIM_INFINITY else min(4096 + 256, hard)
    if files < 512:
        sys.exit(f"translator: a process may open {hard} files here (ulimit -n); 512 are needed at least")
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, hard))
    return files - 256


bind = f"0.0.0.0:{_settings.port}"
workers = 1
worker_class = "translator.serving.worker.DrainingWorker"
threads = _settings.threads

# gthread says `Connection: close` once more than worker_connections - threads connections are idle.
# A proxy may keep 64 per worker process of its own.
worker_connections = _connection_limit()
# Connections that the kernel completes while the worker is busy. A full queue costs a proxy a
# second (its SYN is sent again), a long one costs nothing.
backlog = 2048
# `contract.keep_alive` in versions.yaml. Longer than the proxy's: who closes an idle connection must be
# the side that sends the requests, else a request meets the close half way and is lost.
keepalive = 75
# From SIGTERM; then what still runs is killed.
graceful_timeout = math.ceil(LAME_DUCK + REQUEST_WITHIN + _settings.deadline)

# The application logs accesses; gunicorn's own logger has its handler by now, and keeps its level.
accesslog = None
errorlog = None
loglevel = str(_settings.log_level)
# The root file system is read-only and there is no home directory.
control_socket_disable = True
worker_tmp_dir = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108


def post_worker_init(worker: DrainingWorker) -> None:
    """Makes /readyz answer 503 from SIGTERM on, and counts what the application never sees."""
    from translator.wsgi import lifecycle, metrics  # the worker has just imported it, after the fork

    worker.on_stop = lifecycle.drain
    worker.on_malformed = metrics.malformed
