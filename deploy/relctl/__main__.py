"""`python -m relctl` is `relctl`."""

from relctl.cli.start import main

main()
