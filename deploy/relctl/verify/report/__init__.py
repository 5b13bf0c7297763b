"""The report: evidence as one HTML file for people, without anything from elsewhere."""
