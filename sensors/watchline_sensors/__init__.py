"""Everything that runs at a site's edge: adapters, placing, spool, uplink, simulator."""
