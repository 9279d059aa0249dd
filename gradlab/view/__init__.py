"""``gradlab view RUN``: one recording as a picture, with what a trained network does in it, and the way back."""
