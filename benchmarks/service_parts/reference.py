"""Translate with torch, one text at a time, to compare int8 translations with.

A program: JSON in, JSON out.
"""

import json
import sys
from pathlib import Path

from service_parts.marian import Marian
from service_parts.models import Decoding


def main() -> None:
    """Read a job and answer with the translations of its texts."""
    job = json.load(sys.stdin)
    model = Marian(Path(job["model"]), Decoding(**job["decoding"]))
    json.dump([model.translate(text) for text in job["texts"]], sys.stdout)


if __name__ == "__main__":
    main()
