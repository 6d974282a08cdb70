select
    purchase_id,
    product_name,
    product_category,
    purchased_date,
    reward_points,
    case when customer_id like '%@%' then {{ ascii_lower('customer_id') }} end as email,
    case when customer_id not like '%@%' then customer_id end as external_id
from {{ ref('purchases_checked') }}
where reason is null
