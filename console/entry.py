"""What Streamlit runs for each view. Kept this small because an error in this file would show its path."""

from console.shell import run

run()
