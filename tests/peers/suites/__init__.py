"""The engine beside the test suites of others. tests/peers/run_suites.py runs them all."""
