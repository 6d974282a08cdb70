select
    purchase_id,
    email,
    external_id,
    product_name,
    product_category,
    purchased_date,
    reward_points
from {{ ref('purchases') }}
order by {{ by_bytes('purchase_id') }}
