"""Run the service: `python -m services.notifications`, settings from the environment."""

from shared.runtime.start import start

if __name__ == "__main__":
    start("services.notifications.app")
