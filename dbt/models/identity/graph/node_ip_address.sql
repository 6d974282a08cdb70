select client_ip
from {{ ref('sessions_checked') }}
where reason is null and client_ip is not null
group by client_ip
order by {{ by_bytes('client_ip') }}
