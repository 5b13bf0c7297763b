"""What the calibration of the gates is made of: simulated releases, and how often each kind is promoted."""
