select domain_name
from {{ ref('sessions_checked') }}
where reason is null and domain_name is not null
group by domain_name
order by {{ by_bytes('domain_name') }}
