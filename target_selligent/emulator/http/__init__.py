"""The emulator as an HTTP server: Selligent's endpoints, `/_emulator` and the pages for a person."""
