"""The HTTP API: this service's own shapes, LibreTranslate's and DeepL's, and their description."""
