SELECT 'customer' AS kind, customer.id, customer.name
FROM customer_phone
JOIN customer ON customer.id = customer_phone.customer AND customer.active
WHERE customer_phone.number = $1
UNION ALL
SELECT 'property' AS kind, property.id, property.name
FROM property_phone
JOIN property ON property.id = property_phone.property AND property.active
WHERE property_phone.number = $1
ORDER BY kind, id
