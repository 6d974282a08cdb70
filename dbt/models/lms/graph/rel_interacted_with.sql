select
    user_key,
    asset_key,
    customer,
    count(*) as interactions,
    cast(sum(seconds) as bigint) as seconds,
    min(event_at) as first_at,
    max(event_at) as last_at,
    {{ days_since('max(event_at)') }} as recency_days
from {{ ref('stg_asset_events') }}
group by user_key, asset_key, customer
order by user_key, asset_key
