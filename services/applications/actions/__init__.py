"""What do people do? One function a transition: load, ask the model, record. Pages and API call the same ones."""
