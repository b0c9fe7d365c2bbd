"""Working through an archive: sources in, Dask workers, one lock holder who stores."""
