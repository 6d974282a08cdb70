select user_agent
from {{ ref('sessions_checked') }}
where reason is null and user_agent is not null
group by user_agent
order by {{ by_bytes('user_agent') }}
