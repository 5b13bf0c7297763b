"""Notification targets: users' programs and webhooks, each with a time limit."""
