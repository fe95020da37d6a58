"""The endpoints: one module for each group of them, with an `APIRouter` named `router`."""
