"""The application that gunicorn serves; importing this module begins to load the model."""

import os
import threading

from translator.app import create_app
from translator.lifecycle import Lifecycle
from translator.loading import load
from translator.release import read_release
from translator.settings import Settings

_settings = Settings.from_environment(os.environ)
lifecycle = Lifecycle()
app = create_app(_settings, read_release(_settings.release_file), lifecycle)
threading.Thread(target=load, args=(_settings, lifecycle), name="load", daemon=True).start()
