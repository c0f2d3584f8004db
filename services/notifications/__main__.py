"""Run the service: `python -m services.notifications`, settings from the environment."""

from services.notifications.app import create_app
from shared.service import serve

if __name__ == "__main__":
    serve(create_app())
