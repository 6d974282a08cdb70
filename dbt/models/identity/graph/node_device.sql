select distinct device_id
from {{ ref('sessions_checked') }}
where reason is null and device_id is not null
order by {{ by_bytes('device_id') }}
