from tests.sharing import alone, forked, hub, own, workers

__all__ = ["alone", "forked", "hub", "own", "workers"]
