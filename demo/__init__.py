"""A small Keyfence world on one machine: used by `./dev demo` and by the system tests."""
