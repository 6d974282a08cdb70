select
    customer as customer_key,
    asset_key,
    customer
from {{ ref('stg_assets') }}
order by asset_key
