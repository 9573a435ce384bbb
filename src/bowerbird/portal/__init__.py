"""The portal: pages in the browser. A client of the API under the signed-in person's rights, and no more."""
