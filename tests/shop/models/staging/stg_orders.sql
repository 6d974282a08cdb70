select id as order_id, customer as customer_id, ordered_at, cents from {{ ref('raw_orders') }}
