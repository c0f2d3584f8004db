"""Run the service: `python -m services.applications`, settings from the environment."""

from services.applications.app import create_app
from shared.service import serve

if __name__ == "__main__":
    serve(create_app())
