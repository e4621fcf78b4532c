"""The venue's sockets and REST, where its wire words stay."""
