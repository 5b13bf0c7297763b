"""A small Chinese→English translation service."""
