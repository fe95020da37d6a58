"""The API's paths, from the wire to the state and back."""
