"""Typed models of versions.yaml, environments and pipelines, and the loading of them."""
