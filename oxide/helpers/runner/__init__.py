"""The bounded loop of responses and the tools they call: checked, recorded, resumable."""
