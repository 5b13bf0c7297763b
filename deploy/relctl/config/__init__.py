"""Typed models of versions.yaml, environments and pipelines, and their loading."""
