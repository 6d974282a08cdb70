select
    cookie_id,
    count(*) as sessions
from {{ ref('cookies_checked') }}
where reason is null
group by cookie_id
order by {{ by_bytes('cookie_id') }}
