select distinct
    canonical_url,
    domain_name
from {{ ref('sessions_checked') }}
where reason is null and canonical_url is not null
order by {{ by_bytes('canonical_url') }}
