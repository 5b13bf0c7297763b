"""The doors to what people bring along: their programs and their webhooks, each within its time."""
