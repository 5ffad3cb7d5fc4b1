from tests.sharing import alone, hub, own, workers

__all__ = ["alone", "hub", "own", "workers"]
