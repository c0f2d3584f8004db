"""Run the service: `python -m services.applications`, settings from the environment."""

from shared.runtime.start import start

if __name__ == "__main__":
    start("services.applications.app")
