"""What do people do here? One function a step: load, ask the model, record. Pages and API call the same."""
