"""The command line, one file per verb: parse arguments, call one function, speak."""
