select
    asset_key,
    customer,
    kind,
    title,
    language,
    size_bytes,
    duration_seconds,
    rating,
    tags,
    is_downloadable,
    created_at
from {{ ref('stg_assets') }}
order by asset_key
