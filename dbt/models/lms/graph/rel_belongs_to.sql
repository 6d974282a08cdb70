select
    user_key,
    customer as customer_key,
    customer
from {{ ref('stg_users') }}
order by user_key
