SELECT customer.site
FROM device
JOIN customer ON customer.id = device.customer
WHERE device.id = $1 AND device.active
