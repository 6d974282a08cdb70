select
    {{ load_of_row() }} as load,
    {{ text_of('purchase_id') }} as purchase_id,
    {{ text_of('product_name') }} as product_name,
    cast({{ as_text('purchased_date') }} as date) as purchased_date,
    {{ text_of('product_category') }} as product_category,
    {{ text_of('customer_id') }} as customer_id,
    cast({{ as_text('reward_points') }} as integer) as reward_points
from {{ source('identity', 'transactional') }}
