"""The application that gunicorn serves; importing this module begins to load the model."""

import threading

from translator.app import create_app
from translator.loading import load
from translator.parts import make_parts

_parts = make_parts()
lifecycle, metrics = _parts.lifecycle, _parts.metrics
app = create_app(_parts)
threading.Thread(target=load, args=(_parts,), name="load", daemon=True).start()
