select device_id
from {{ ref('sessions_checked') }}
where reason is null and device_id is not null
group by device_id
order by {{ by_bytes('device_id') }}
