"""`codiflux demo`: the whole system on one machine without a service, watched and recounted."""
