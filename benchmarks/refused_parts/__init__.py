"""Parts of benchmarks/refused.py, which tests use as well."""
