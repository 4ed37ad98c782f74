"""The portal's pages, as browsers and other programs meet them."""
