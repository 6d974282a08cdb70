select
    canonical_url,
    domain_name
from {{ ref('sessions_checked') }}
where reason is null and canonical_url is not null
group by canonical_url, domain_name
order by {{ by_bytes('canonical_url') }}
