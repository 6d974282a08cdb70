select id as customer_id, name, town as town_code from {{ ref('raw_customers') }}
